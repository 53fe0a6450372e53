"""The addresses of the process: proposals to read and write, and one address a move."""
