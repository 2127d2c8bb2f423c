package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// Item is what the API keeps.
type Item struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

// itemInput is the body of POST and PUT. Required means present: a price of 0 is
// one.
type itemInput struct {
	Name  string  `json:"name" required:"name is required"`
	Price float64 `json:"price" required:"price is required"`
}

// Validate is called when the body is decoded. All faults go into one answer.
func (in itemInput) Validate() error { return errors.Join(checkName(in.Name), checkPrice(in.Price)) }

// itemPatch is the body of PATCH, where an absent field is left as it is and null
// is a fault.
type itemPatch struct {
	Name  bodyjson.Optional[string]  `json:"name" notnull:"name must not be null"`
	Price bodyjson.Optional[float64] `json:"price" notnull:"price must not be null"`
}

func (in itemPatch) Validate() error {
	var faults []error
	if in.Name.Set {
		faults = append(faults, checkName(in.Name.Value))
	}
	if in.Price.Set {
		faults = append(faults, checkPrice(in.Price.Value))
	}
	return errors.Join(faults...)
}

func checkName(name string) error {
	if name == "" {
		return errjson.FieldError{Pointer: "/name", Code: "empty", Message: "name must not be empty"}
	}
	return nil
}

func checkPrice(price float64) error {
	if price < 0 {
		return errjson.FieldError{Pointer: "/price", Code: "range", Message: "price must not be negative"}
	}
	return nil
}

// newResources returns the API: a resource for each path.
func newResources(s *store) map[string]http.Handler {
	body := bodyjson.Config{MaxBytes: 64 << 10, DisallowUnknownFields: true}
	return map[string]http.Handler{
		"/api/status": status.Resource{
			Get: status.Handler(func(*http.Request) (map[string]string, error) {
				return map[string]string{"status": "ok", "version": "1.0"}, nil
			}),
		},
		"/api/items": status.Resource{
			Get: status.Handler(func(*http.Request) ([]Item, error) {
				return s.list(), nil
			}),
			Post: bodyjson.Handler(body, func(_ *http.Request, in itemInput) (status.Response, error) {
				item := s.create(in)
				return status.Created(item, fmt.Sprintf("/api/items/%d", item.ID)), nil
			}),
		},
		"/api/items/{id}": status.Resource{
			Get: status.Handler(func(r *http.Request) (Item, error) {
				return s.item(r.PathValue("id"))
			}),
			Put: bodyjson.Handler(body, func(r *http.Request, in itemInput) (Item, error) {
				return s.update(r.PathValue("id"), func(item *Item) {
					item.Name, item.Price = in.Name, in.Price
				})
			}),
			Patch: bodyjson.Handler(body, func(r *http.Request, in itemPatch) (Item, error) {
				return s.update(r.PathValue("id"), func(item *Item) {
					if in.Name.Set {
						item.Name = in.Name.Value
					}
					if in.Price.Set {
						item.Price = in.Price.Value
					}
				})
			}),
			Delete: status.Handler(func(r *http.Request) (status.Response, error) {
				return status.NoContent(), s.delete(r.PathValue("id"))
			}),
		},
		"/api/time": status.Resource{
			Get: status.Handler(func(*http.Request) (any, error) {
				now := s.now().UTC()
				return map[string]any{"utc": now, "timestamp": float64(now.UnixMicro()) / 1e6}, nil
			}),
		},
		"/api/boom": status.Resource{
			Get: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				panic("boom: the log has this text, the client does not")
			}),
		},
	}
}

// A store keeps items in memory. It is safe for concurrent use.
type store struct {
	now func() time.Time

	mu     sync.Mutex
	items  map[int]Item
	lastID int
}

func newStore(now func() time.Time) *store {
	return &store{
		now: now,
		items: map[int]Item{
			1: {ID: 1, Name: "Widget", Price: 9.99},
			2: {ID: 2, Name: "Gadget", Price: 24.99},
		},
		lastID: 2,
	}
}

func (s *store) list() []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.items), func(a, b Item) int { return a.ID - b.ID })
}

func (s *store) create(in itemInput) Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	item := Item{ID: s.lastID, Name: in.Name, Price: in.Price}
	s.items[item.ID] = item
	return item
}

func (s *store) item(id string) (Item, error) {
	return s.update(id, func(*Item) {})
}

// update calls fn with the item, and keeps what fn makes of it.
func (s *store) update(id string, fn func(*Item)) (Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, err := s.find(id)
	if err != nil {
		return Item{}, err
	}
	fn(&item)
	s.items[item.ID] = item
	return item, nil
}

func (s *store) delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, err := s.find(id)
	if err == nil {
		delete(s.items, item.ID)
	}
	return err
}

// find returns the item of a path. What is no number names no item: that is a 404
// too, not a 400.
func (s *store) find(id string) (Item, error) {
	n, err := strconv.ParseUint(id, 10, 31)
	item, ok := s.items[int(n)]
	if err != nil || !ok {
		e := errjson.NotFound("There is no such item.")
		e.Code = "item_not_found"
		return Item{}, e
	}
	return item, nil
}
