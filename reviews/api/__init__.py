"""The REST interface to the process: who is asking, what they may, how often; proposals and all their moves.

A request becomes clean members (`bodies`, `changes`), a service decides, what it refuses becomes a problem (`refusals`), and
what stands then is shown (`rendering`). `chokepoints.api` has the register.
"""
