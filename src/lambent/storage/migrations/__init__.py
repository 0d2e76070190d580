"""The schema's history: each file in `versions` brings a database one revision further and is never changed again."""
