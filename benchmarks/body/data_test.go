package body_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
)

// The bodies: a flat object of 117 bytes, an order of 2 KB, and lists of events of
// 102 KB and 5.2 MB.

type account struct {
	ID     int     `json:"id"`
	Name   string  `json:"name"`
	Email  string  `json:"email"`
	Age    int     `json:"age"`
	Score  float64 `json:"score"`
	Active bool    `json:"active"`
	Role   string  `json:"role"`
}

// requiredAccount is an account of which every field is required.
type requiredAccount struct {
	ID     int     `json:"id" required:"true"`
	Name   string  `json:"name" required:"true"`
	Email  string  `json:"email" required:"true"`
	Age    int     `json:"age" required:"true"`
	Score  float64 `json:"score" required:"true"`
	Active bool    `json:"active" required:"true"`
	Role   string  `json:"role" required:"true"`
}

type order struct {
	ID       string            `json:"id"`
	Customer customer          `json:"customer"`
	Items    []orderItem       `json:"items"`
	Meta     map[string]string `json:"meta"`
	Total    float64           `json:"total"`
	Note     *string           `json:"note"`
}

type customer struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	City  string `json:"city"`
}

type orderItem struct {
	SKU      string   `json:"sku"`
	Title    string   `json:"title"`
	Quantity int      `json:"quantity"`
	Price    float64  `json:"price"`
	Tags     []string `json:"tags"`
}

type event struct {
	ID       int64             `json:"id"`
	Kind     string            `json:"kind"`
	User     string            `json:"user"`
	At       string            `json:"at"`
	Duration float64           `json:"duration"`
	OK       bool              `json:"ok"`
	Tags     []string          `json:"tags"`
	Attrs    map[string]string `json:"attrs"`
	Message  string            `json:"message"`
}

// reading has fields that its own methods decode, or those of the decoder.
type reading struct {
	Host  netip.Addr                `json:"host"`
	At    time.Time                 `json:"at"`
	Value float64                   `json:"value"`
	Note  bodyjson.Optional[string] `json:"note"`
}

func readingsBody(n int) []byte {
	rnd := rand.New(rand.NewPCG(7, 8))
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"host":"10.0.%d.%d","at":"2026-01-02T03:04:%02dZ","value":%d.%d,"note":"%s"}`,
			rnd.IntN(256), rnd.IntN(256), rnd.IntN(60), rnd.IntN(1000), rnd.IntN(1000), word(rnd, 12))
	}
	return []byte("[" + strings.Join(rows, ",") + "]")
}

// smallBodies are all different, since a decoder that keeps strings would look
// better with one than it is.
func smallBodies() [][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	bodies := make([][]byte, 512)
	for i := range bodies {
		name := word(rnd, 9)
		bodies[i] = fmt.Appendf(nil, `{"id":%d,"name":"%s","email":"%s@example.com","age":%d,"score":%d.%d,"active":true,"role":"%s"}`,
			10000+rnd.IntN(80000), name, word(rnd, 12), 20+rnd.IntN(70), 10+rnd.IntN(80), 11+rnd.IntN(80), word(rnd, 8))
	}
	return bodies
}

func mediumBodies() [][]byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	bodies := make([][]byte, 64)
	for i := range bodies {
		var items []string
		for range 13 {
			items = append(items, fmt.Sprintf(`{"sku":"%s-%d","title":"%s %s","quantity":%d,"price":%d.%d,"tags":["%s","%s"]}`,
				word(rnd, 4), rnd.IntN(9999), word(rnd, 8), word(rnd, 6), 1+rnd.IntN(9), rnd.IntN(500), rnd.IntN(99), word(rnd, 5), word(rnd, 7)))
		}
		bodies[i] = fmt.Appendf(nil, `{"id":"%s","customer":{"id":%d,"name":"%s","email":"%s@example.com","city":"%s"},"items":[%s],"meta":{"source":"%s","campaign":"%s","locale":"de-CH"},"total":%d.5,"note":"%s %s"}`,
			word(rnd, 16), rnd.IntN(99999), word(rnd, 12), word(rnd, 10), word(rnd, 9), strings.Join(items, ","),
			word(rnd, 6), word(rnd, 9), rnd.IntN(9999), word(rnd, 20), word(rnd, 40))
	}
	return bodies
}

func eventBody(size int) []byte {
	rnd := rand.New(rand.NewPCG(5, 6))
	b := []byte("[")
	for len(b) < size {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":%d,"kind":"%s","user":"%s","at":"2026-01-02T03:04:%02dZ","duration":%d.%d,"ok":%t,"tags":["%s","%s"],"attrs":{"host":"%s","zone":"%s"},"message":"%s %s %s"}`,
			rnd.Int64N(1<<50), word(rnd, 7), word(rnd, 10), rnd.IntN(60), rnd.IntN(1000), rnd.IntN(1000), rnd.IntN(2) == 0,
			word(rnd, 5), word(rnd, 6), word(rnd, 8), word(rnd, 6), word(rnd, 12), word(rnd, 9), word(rnd, 20))
	}
	return append(b, ']')
}

func word(rnd *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(rnd.IntN(26))
	}
	return string(b)
}
