package main

// Goroutines in place of a pool; the shapes are explained in pool.c, future.c and fork.c.

import (
	"runtime"
	"sync"
)

var sink uint64

// The busy work of work.h.
func burn(rounds int) {
	x := uint64(rounds)
	for ; rounds > 0; rounds-- {
		x *= 6364136223846793005
	}
	if x == 1 {
		sink = x
	}
}

func runMany(tasks, rounds int) {
	var running sync.WaitGroup
	running.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			burn(rounds)
			running.Done()
		}()
	}
	running.Wait()
}

func poolRun(workers, tasks, waves, rounds int) []float64 {
	runtime.GOMAXPROCS(workers)
	runMany(tasks, rounds)
	s := spanStart()
	for i := 0; i < waves; i++ {
		runMany(tasks, rounds)
	}
	return s.end(tasks * waves)
}

func successor(number int) chan int {
	result := make(chan int, 1)
	go func() { result <- number + 1 }()
	return result
}

func takeResults(results []chan int) int {
	for i := range results {
		results[i] = successor(i)
	}
	sum := 0
	for _, result := range results {
		sum += <-result
	}
	return sum
}

func takeBatches(results []chan int, batches int) {
	for i := 0; i < batches; i++ {
		if takeResults(results) != len(results)*(len(results)+1)/2 {
			panic("a wrong result")
		}
	}
}

func poolResults(workers, batch, batches int) []float64 {
	runtime.GOMAXPROCS(workers)
	results := make([]chan int, batch)
	takeBatches(results, batches/10+1)
	s := spanStart()
	takeBatches(results, batches)
	return s.end(batch * batches)
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	left := make(chan int, 1)
	go func() { left <- fib(n - 1) }()
	right := fib(n - 2)
	return <-left + right
}

func forkJoin(workers, n, tasks int) []float64 {
	runtime.GOMAXPROCS(workers)
	fib(n / 2)
	s := spanStart()
	fib(n)
	return s.end(tasks)
}
