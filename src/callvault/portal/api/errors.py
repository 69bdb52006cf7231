"""The errors that each operation of the API may answer, for its description."""

from .shapes import ProblemOut

PROBLEMS = dict.fromkeys((400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503), ProblemOut)
