"""Velocity templates as API Gateway knows them: `airspeed` reads them, what they mean is ours.

Its evaluator is not used: it hands templates the attributes of Python objects, with which a template gets hold of the
interpreter, takes Python's view of truth and text, and knows no limits.
"""
