"""Questions, answers, citations, and frozen models. Knows neither retrieval nor Django."""

import os

# Threads of torch and FAISS that wait should sleep, not spin: with neighbours on the same cores, spinning made
# embedding five times slower (measured). OpenMP reads this when torch is first imported, which comes later.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
