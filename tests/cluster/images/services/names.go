package main

import (
	"encoding/binary"
	"log"
	"net"
	"strings"
)

const (
	headerLength = 12
	typeA        = 1
	// Codes of answers (RFC 1035, 4.1.1).
	noError, nameError, refused = 0, 3, 5
	// An answer: recursion was not wished for nor is to be had; it is the authority that speaks.
	isAnswer, isAuthority = 1 << 15, 1 << 10
	zone                  = ".svc.cluster.local"
	secondsToLive         = 1
)

func answerNames(socket net.PacketConn, table *table) {
	buffer := make([]byte, 512)
	for {
		length, from, err := socket.ReadFrom(buffer)
		if err != nil {
			log.Fatal(err)
		}
		if answer := answerTo(buffer[:length], table); answer != nil {
			socket.WriteTo(answer, from)
		}
	}
}

// answerTo answers a message with one question; nil if it is none.
func answerTo(message []byte, table *table) []byte {
	if len(message) < headerLength || binary.BigEndian.Uint16(message[4:]) != 1 {
		return nil
	}
	name, end := nameAt(message, headerLength)
	if end == 0 || len(message) < end+4 {
		return nil
	}
	question := message[headerLength : end+4]
	code := uint16(noError)
	var addresses []net.IP
	inside, is := strings.CutSuffix(strings.ToLower(name), zone)
	switch found, known := table.resolve(inside); {
	case !is && !strings.HasSuffix(name, ".cluster.local"):
		code = refused
	case !is || !known:
		code = nameError
	case binary.BigEndian.Uint16(message[end:]) == typeA:
		addresses = found
	}
	answer := binary.BigEndian.AppendUint16(nil, binary.BigEndian.Uint16(message))
	answer = binary.BigEndian.AppendUint16(answer, isAnswer|isAuthority|code)
	for _, count := range []int{1, len(addresses), 0, 0} {
		answer = binary.BigEndian.AppendUint16(answer, uint16(count))
	}
	answer = append(answer, question...)
	for _, address := range addresses {
		// The name is that of the question, by a pointer to it; then type A, class IN.
		answer = append(answer, 0xc0, headerLength, 0, typeA, 0, 1)
		answer = binary.BigEndian.AppendUint32(answer, secondsToLive)
		answer = append(answer, 0, 4)
		answer = append(answer, address.To4()...)
	}
	return answer
}

// nameAt reads the name that begins at `start`, and where it ends; 0 if there is none that a question may have.
func nameAt(message []byte, start int) (string, int) {
	var labels []string
	for at := start; at < len(message); {
		length := int(message[at])
		at++
		if length == 0 {
			return strings.Join(labels, "."), at
		}
		if length > 63 || at+length > len(message) {
			break
		}
		labels = append(labels, string(message[at:at+length]))
		at += length
	}
	return "", 0
}
