// Checks a ledger's files with the Merkle tree and the notes of Go's checksum database (golang.org/x/mod/sumdb), which
// share no code with Testigo. Everything is recomputed from the entries. The library's TileHashReader is never used:
// it does not check every tile that it reads.
//
//	sumdb KEY LEDGER [RECEIPT]...
//
// KEY is the ledger's public key, LEDGER the folder with `checkpoint`, and each RECEIPT a `.tlog-proof` of the ledger.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: sumdb KEY LEDGER [RECEIPT]...")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Println("WRONG:", err)
		os.Exit(1)
	}
}

// stored keeps the hashes of the tree in the order in which the library wants them.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("the tree has no hash %d", index)
		}
		hashes[i] = s[index]
	}
	return hashes, nil
}

func check(key, ledger string, receipts []string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	head, err := openHead(filepath.Join(ledger, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	entries, err := readEntries(ledger, head.N)
	if err != nil {
		return err
	}
	var hashes stored
	for index, entry := range entries {
		more, err := tlog.StoredHashes(int64(index), entry, hashes)
		if err != nil {
			return err
		}
		hashes = append(hashes, more...)
	}
	heads, err := filepath.Glob(filepath.Join(ledger, "checkpoints", "*"))
	if err != nil {
		return err
	}
	trees := []tlog.Tree{head}
	for _, path := range heads {
		older, err := openHead(path, verifier)
		if err != nil {
			return err
		}
		if strconv.FormatInt(older.N, 10) != filepath.Base(path) {
			return fmt.Errorf("%s is the head of %d entries", path, older.N)
		}
		trees = append(trees, older)
	}
	sort.Slice(trees, func(i, j int) bool { return trees[i].N < trees[j].N })
	proofs := 0
	for i, tree := range trees {
		if err := checkRoot(tree, hashes); err != nil {
			return err
		}
		if i > 0 && trees[i-1].N > 0 && trees[i-1].N < tree.N {
			proof, err := tlog.ProveTree(tree.N, trees[i-1].N, hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckTree(proof, tree.N, tree.Hash, trees[i-1].N, trees[i-1].Hash); err != nil {
				return err
			}
			proofs++
		}
	}
	tiles, err := checkTiles(ledger, hashes)
	if err != nil {
		return err
	}
	for _, receipt := range receipts {
		if err := checkReceipt(receipt, verifier, entries, hashes); err != nil {
			return fmt.Errorf("%s: %w", receipt, err)
		}
	}
	fmt.Printf("entries %d root %x heads %d proofs %d tiles %d receipts %d\n",
		head.N, head.Hash[:], len(heads), proofs, tiles, len(receipts))
	return nil
}

// openHead reads a checkpoint: a note of three lines.
func openHead(path string, verifier note.Verifier) (tlog.Tree, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return parseHead(data, path, verifier)
}

func parseHead(data []byte, path string, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%s: %w", path, err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("%s: not a checkpoint of %s", path, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("%s: `%s` is no size", path, lines[1])
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func tilePath(level string, number int64, width int64) string {
	path := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	if width < 256 {
		path = fmt.Sprintf("%s.p/%d", path, width)
	}
	return filepath.Join("tile", level, filepath.FromSlash(path))
}

// readEntries takes all bundles of a size apart.
func readEntries(ledger string, size int64) ([][]byte, error) {
	var entries [][]byte
	for first := int64(0); first < size; first += 256 {
		width := size - first
		if width > 256 {
			width = 256
		}
		path := filepath.Join(ledger, tilePath("entries", first/256, width))
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for ; width > 0; width-- {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s ends too early", path)
			}
			length := 2 + int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:length])
			data = data[length:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("%s: %d bytes are left over", path, len(data))
		}
	}
	return entries, nil
}

func checkRoot(tree tlog.Tree, hashes stored) error {
	root, err := tlog.TreeHash(tree.N, hashes)
	if tree.N == 0 {
		// The library's tree of no entries has another root than RFC 6962's, and nothing to recompute.
		return nil
	}
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the first %d entries have the root %v, the head says %v", tree.N, root, tree.Hash)
	}
	return nil
}

// checkTiles holds every hash tile in the ledger against the recomputed tree.
func checkTiles(ledger string, hashes stored) (int, error) {
	checked := 0
	err := filepath.Walk(filepath.Join(ledger, "tile"), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		below, err := filepath.Rel(filepath.Join(ledger, "tile"), path)
		if err != nil || strings.HasPrefix(below, "entries") {
			return err
		}
		// The library's paths begin with the height of a tile, 8.
		tile, err := tlog.ParseTilePath("tile/8/" + filepath.ToSlash(below))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		expected, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		found, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(expected, found) {
			return fmt.Errorf("%s is not what the entries give", path)
		}
		checked++
		return nil
	})
	return checked, err
}

// checkReceipt checks that an entry is in the tree whose head the receipt carries.
func checkReceipt(path string, verifier note.Verifier, entries [][]byte, hashes stored) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	proofText, headText, found := strings.Cut(string(data), "\n\n")
	lines := strings.Split(proofText, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return fmt.Errorf("`%s` is no hash", line)
		}
		proof = append(proof, *(*tlog.Hash)(hash))
	}
	head, err := parseHead([]byte(headText), path, verifier)
	if err != nil {
		return err
	}
	if err := checkRoot(head, hashes); err != nil {
		return err
	}
	if index >= int64(len(entries)) {
		return fmt.Errorf("the ledger has no entry %d", index)
	}
	return tlog.CheckRecord(proof, head.N, head.Hash, index, tlog.RecordHash(entries[index]))
}
