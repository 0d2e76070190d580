"""Amazon API Gateway, REST APIs (version 2015-07-09)."""
