NAMES=()
def svg(name): pass
