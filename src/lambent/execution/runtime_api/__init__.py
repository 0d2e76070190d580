"""The Runtime API of AWS Lambda (2018-06-01), served to one sandbox on the listener that it handed out."""
