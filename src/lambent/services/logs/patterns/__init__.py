"""The filter pattern language of CloudWatch Logs, in its four forms. Pure functions of text."""
