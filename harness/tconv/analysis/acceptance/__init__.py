"""Which faulty parameters each framework computes, refuses, or dies of."""
