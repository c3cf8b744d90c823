"""`python -m benchmarks quality`: long, resumable."""
from benchmarks import quality
quality.run(list(quality.cells()))
