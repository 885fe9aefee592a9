package report

// pageSize is how many clients share one allocation, and pagesMost bounds how many there
// are: a quarter of a million clients. Beyond them clients are in a map. A journal that
// makes up numbers of clients, far from each other, gets a page for each of them, and so
// many bytes as a run of that many clients would.
const (
	pageSize  = 64
	pagesMost = 1 << 12
)

// byClient keeps a value of each client. It is a table, since every step asks a dozen of
// them, and grows with the numbers that occur. The zero value has none.
type byClient[T any] struct {
	pages []*[pageSize]T
	far   map[int]*T
}

// at returns a client's place, which has the zero value until something is put there.
// Clients are 0 or more.
func (b *byClient[T]) at(client int) *T {
	if i := client / pageSize; i < len(b.pages) && b.pages[i] != nil {
		return &b.pages[i][client%pageSize]
	}
	return b.grow(client)
}

func (b *byClient[T]) grow(client int) *T {
	i := client / pageSize
	if i >= pagesMost {
		if b.far == nil {
			b.far = map[int]*T{}
		}
		if b.far[client] == nil {
			b.far[client] = new(T)
		}
		return b.far[client]
	}
	for len(b.pages) <= i {
		b.pages = append(b.pages, nil)
	}
	if b.pages[i] == nil {
		b.pages[i] = new([pageSize]T)
	}
	return &b.pages[i][client%pageSize]
}

// each visits the places that there are: those in the table by client, neighbours of
// clients that occurred among them, and then the others in no order.
func (b *byClient[T]) each(visit func(client int, v *T)) {
	for i, p := range b.pages {
		if p == nil {
			continue
		}
		for k := range p {
			visit(i*pageSize+k, &p[k])
		}
	}
	for client, v := range b.far {
		visit(client, v)
	}
}
