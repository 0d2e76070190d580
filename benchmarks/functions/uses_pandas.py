"""What a function that works with tables does before its first event."""

import numpy
import pandas
from ends import end_soon

table = pandas.DataFrame({"number": numpy.arange(1000)})


def handler(event, context):
    end_soon(context)
    return {**event, "sum": int(table["number"].sum())}
