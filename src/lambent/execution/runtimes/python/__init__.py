"""What runs inside a Python sandbox, and the zygote that sandboxes are forked from.

Python 3.9 syntax and the standard library only: these files run under the function's interpreter. What functions see of
them (errors, log lines, the context object) is AWS's documented interface.
"""
