// Greeter is a program for the tests of testkit to start, ask, signal and kill.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if len(os.Args) > 1 && os.Args[1] == "fail" {
		fmt.Println("cannot go on")
		os.Exit(4)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/ill", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	http.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	go http.Serve(listener, nil)
	fmt.Printf("hello %s\nlistening on http://%s\n", os.Getenv("NAME"), listener.Addr())
	<-stop
	fmt.Println("goodbye")
	os.Exit(3)
}
