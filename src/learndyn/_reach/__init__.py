"""How far the aligned theory reaches."""

from learndyn._reach._along import violations_along as violations_along
from learndyn._reach._fit import reach_exponent as reach_exponent
from learndyn._reach._fit import reach_threshold as reach_threshold
from learndyn._reach._reach import reach as reach
from learndyn._reach._violations import VIOLATIONS as VIOLATIONS
from learndyn._reach._violations import Violation as Violation
