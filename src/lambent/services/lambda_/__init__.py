"""AWS Lambda: functions, their code, and invoking them."""
