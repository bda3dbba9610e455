package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// One line of the table.
type evaluation struct {
	Number    int                `json:"number"`
	Params    map[string]float64 `json:"params"`
	Objective float64            `json:"objective"`
}

// search is a whole random search in one program.
func search(o *options) error {
	random := rand.New(rand.NewPCG(o.seed, 0))
	table := make([]evaluation, 0, o.trials)
	best := 0
	for number := range o.trials {
		one := evaluation{Number: number, Params: map[string]float64{}}
		for _, p := range o.parameters {
			value := p.low + random.Float64()*(p.high-p.low)
			one.Params[p.name] = value
			one.Objective += (value - o.optimum) * (value - o.optimum)
		}
		table = append(table, one)
		if one.Objective < table[best].Objective {
			best = number
		}
	}
	if err := writeJSON(o.table, table); err != nil {
		return err
	}
	if err := writeJSON(o.best, table[best].Params); err != nil {
		return err
	}
	return write(o.out, fmt.Sprintf("%v", table[best].Objective))
}

func writeJSON(path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return write(path, string(text))
}
