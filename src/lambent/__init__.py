"""Lambent: a self-hosted AWS Lambda.

Kept empty on purpose: the privileged processes import this package with nothing but the standard library.
"""

__version__ = "0.1.0"
