package main

// Go's channels; the shapes are explained in queue_alone.c, queue_flow.c, queue_lone.c and wake.c.

import (
	"sync"
	"time"
)

// A channel has a bound; without one it gets room for all items.
func makeQueue(room, items int) chan uint64 {
	if room == 0 {
		room = items
	}
	return make(chan uint64, room)
}

func checkSum(sum uint64, items int) {
	if sum != uint64(items)*uint64(items+1)/2 {
		panic("items were lost")
	}
}

func putAndGet(queue chan uint64, items int) uint64 {
	sum := uint64(0)
	for item := 1; item <= items; item++ {
		queue <- uint64(item)
		sum += <-queue
	}
	return sum
}

func queueAlone(room, items int) []float64 {
	queue := makeQueue(room, items)
	putAndGet(queue, items/10+1)
	s := spanStart()
	sum := putAndGet(queue, items)
	figures := s.end(items)
	checkSum(sum, items)
	return figures
}

func queueFlow(rendezvous bool, room, producers, consumers, items int) []float64 {
	queue := makeQueue(room, items)
	if rendezvous {
		queue = make(chan uint64)
	}
	sums := make([]uint64, consumers)
	start := make(chan bool)
	var putting, getting sync.WaitGroup
	putting.Add(producers)
	getting.Add(consumers)
	for i := 0; i < consumers; i++ {
		go func(i int) {
			<-start
			sum := uint64(0)
			for item := range queue {
				sum += item
			}
			sums[i] = sum
			getting.Done()
		}(i)
	}
	for i := 0; i < producers; i++ {
		go func(from, to int) {
			<-start
			for item := from; item < to; item++ {
				queue <- uint64(item)
			}
			putting.Done()
		}(1+items*i/producers, 1+items*(i+1)/producers)
	}
	time.Sleep(2 * time.Millisecond)
	s := spanStart()
	close(start)
	putting.Wait()
	close(queue)
	getting.Wait()
	figures := s.end(items)
	sum := uint64(0)
	for _, part := range sums {
		sum += part
	}
	checkSum(sum, items)
	return figures
}

func queueLone(room, gapMicroseconds, items int) []float64 {
	queue := make(chan int64, room)
	done := make(chan bool)
	delays := make([]int64, 0, items)
	began := time.Now()
	go func() {
		for put := range queue {
			delays = append(delays, time.Since(began).Nanoseconds()-put)
		}
		done <- true
	}()
	time.Sleep(2 * time.Millisecond)
	s := spanStart()
	next := time.Since(began)
	for i := 0; i < items; i++ {
		next += time.Duration(gapMicroseconds) * time.Microsecond
		for time.Since(began) < next {
		}
		queue <- time.Since(began).Nanoseconds()
	}
	close(queue)
	<-done
	both := s.end(items)
	others := both[1] - both[0]
	if others < 0 {
		others = 0
	}
	return []float64{quantile(delays, 0.99), quantile(delays, 0.5), others}
}

func queuePingPong(milliseconds int) []float64 {
	ask, answer := make(chan int, 1), make(chan int, 1)
	go func() {
		for item := range ask {
			answer <- item
		}
	}()
	play := func(rounds int) {
		for i := 0; i < rounds; i++ {
			ask <- i
			<-answer
		}
	}
	play(200)
	s := spanStart()
	rounds := 0
	for time.Since(s.wall) < time.Duration(milliseconds)*time.Millisecond {
		play(50)
		rounds += 50
	}
	return s.end(rounds)
}
