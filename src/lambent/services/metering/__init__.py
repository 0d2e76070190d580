"""What everything has used, by account, function and hour, and what that costs."""
