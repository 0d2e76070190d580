"""CloudWatch: metrics, alarms and dashboards. Logs are a service of their own (`lambent.services.logs`)."""
