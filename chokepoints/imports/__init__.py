"""Reading files into changes of the register. Imports point inwards: nothing here knows how changes are reviewed."""
