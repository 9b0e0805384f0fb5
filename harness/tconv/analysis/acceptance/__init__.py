"""Which faulty parameters each framework computes, refuses or crashes on."""
