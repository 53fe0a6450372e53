"""The REST interface to the process: who is asking, what they may, how often; `chokepoints.api` has the register."""
