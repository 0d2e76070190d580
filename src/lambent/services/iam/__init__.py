"""Identity and Access Management: accounts, access keys; users, roles and policies later."""
