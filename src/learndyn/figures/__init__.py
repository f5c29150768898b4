"""The figures of the paper: data, drawing, and the claims that each must measure."""
