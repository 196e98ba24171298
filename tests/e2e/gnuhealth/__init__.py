"""A real GNU Health: what fills it, what happens in it, and what its SQL says."""
