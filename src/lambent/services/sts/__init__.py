"""Security Token Service: temporary credentials, and who somebody is."""
