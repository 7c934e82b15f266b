/*
 * The start of an implementation in C behind the conformance protocol: cc -std=c11 -o adapter adapter.c
 *
 * It knows a device, address spaces and memory objects, and nothing that needs a page table. It shows the frame into
 * which the rest would go: one line in, one line out, flushed. A real one would use a JSON library.
 */
#include <stdio.h>
#include <string.h>

/* Longer lines end the program: operations of the vectors stay far below. */
#define LINE_BYTES (1 << 20)

static int operation_index;

/* Copies the string value of a key into out; returns whether the line has it. */
static int string_of(const char *line, const char *key, char *out, size_t size)
{
	char pattern[64];
	const char *from;
	size_t length;

	snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
	from = strstr(line, pattern);
	if (!from)
		return 0;
	from += strlen(pattern);
	length = strcspn(from, "\"");
	if (length >= size)
		return 0;
	memcpy(out, from, length);
	out[length] = '\0';
	return 1;
}

/* What an operation returns: 0 or a negative errno. */
static int run_operation(const char *op)
{
	static const char *const known[] = { "device", "vmm", "mem" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(op, known[i]))
			return 0;
	return -38; /* ENOSYS: not written yet */
}

static int answer(const char *line)
{
	char text[256];

	if (string_of(line, "protocol", text, sizeof(text)))
		/* No log lines, events or bytes yet: only return codes and addresses are compared. */
		return printf("{\"protocol\":\"%s\",\"version\":1,\"name\":\"adapter.c\",\"chips\":[\"gp100\"],"
			      "\"omits\":[\"log\",\"ev\",\"vmas\",\"mem\"]}\n", text);
	if (string_of(line, "run", text, sizeof(text))) {
		operation_index = 0;
		return printf("{\"ready\":true}\n");
	}
	if (string_of(line, "end", text, sizeof(text)))
		return printf("{\"done\":true}\n");
	if (string_of(line, "op", text, sizeof(text)))
		return printf("{\"i\":%d,\"op\":\"%s\",\"ret\":%d}\n", operation_index++, text, run_operation(text));
	return printf("{\"error\":\"not a message\"}\n");
}

int main(void)
{
	static char line[LINE_BYTES];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strchr(line, '\n')) {
			fprintf(stderr, "a line is too long\n");
			return 1;
		}
		answer(line);
		fflush(stdout);
	}
	return 0;
}
