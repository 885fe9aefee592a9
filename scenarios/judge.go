package scenarios

func (r *resolver) judgeGates() {}
