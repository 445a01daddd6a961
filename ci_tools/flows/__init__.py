"""The doing: one module per stage, one public function each, named like the module."""
