"""What both kinds of API share, REST (`services.apigateway`) and HTTP (`services.apigatewayv2`): what they keep, custom
domain names, the HTTP client, limits of rate.
"""
