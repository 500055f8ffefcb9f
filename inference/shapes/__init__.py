"""Wire formats that several providers answer in, each read by meaning into a `Draft`."""
