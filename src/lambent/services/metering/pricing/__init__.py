"""Price books, and bills made of usage and one of them. Nothing here reads a clock or a database."""
