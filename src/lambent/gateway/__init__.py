"""The front door of the AWS API: HTTP server, routing, authentication, the request pipeline."""
