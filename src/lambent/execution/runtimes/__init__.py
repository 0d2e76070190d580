"""The languages: which runtime ids exist, which interpreters serve them, and what runs inside the sandbox."""
