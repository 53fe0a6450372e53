"""The process: how the register changes. Imports `chokepoints`; nothing there imports this."""
