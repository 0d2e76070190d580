"""CloudWatch Logs Insights: the query language, and running queries over log segments in a compute process."""
