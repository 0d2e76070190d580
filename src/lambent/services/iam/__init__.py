"""Identity and Access Management: accounts, users, groups, roles, policies and access keys."""
