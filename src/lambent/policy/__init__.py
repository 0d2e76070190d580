"""The IAM policy engine. Sans-IO.

From the text to the answer: `documents` reads and checks a policy, `compiled` makes matchers of it, `engine` decides a
request by all policies that apply, `decisions` remembers, `denial` words the no. `needs` says which permissions an
operation of the API asks for.
"""
