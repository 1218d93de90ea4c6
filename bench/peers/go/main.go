// The peers in Go, asked by the benches in C; see program.h. `bench-go QUESTION WORD...`
package main

import (
	"fmt"
	"os"
	"strconv"
)

// The words of the question after its name, as numbers; those that are none are 0.
func numbers(words []string) []int {
	values := make([]int, len(words))
	for i, word := range words {
		values[i], _ = strconv.Atoi(word)
	}
	return values
}

func main() {
	n := numbers(os.Args[2:])
	var figures []float64
	switch os.Args[1] {
	case "queue-alone":
		figures = queueAlone(n[1], n[3])
	case "queue-flow":
		figures = queueFlow(os.Args[2] == "rendezvous", n[1], n[2], n[3], n[4])
	case "queue-lone":
		figures = queueLone(n[1], n[2], n[3])
	case "queue-ping-pong":
		figures = queuePingPong(n[2])
	case "pool-run":
		figures = poolRun(n[1], n[2], n[3], n[4])
	case "pool-results":
		figures = poolResults(n[1], n[2], n[3])
	case "fib":
		figures = forkJoin(n[1], n[2], n[3])
	default:
		panic("no such question: " + os.Args[1])
	}
	for _, figure := range figures {
		fmt.Printf("%.3f ", figure)
	}
	fmt.Println()
}
