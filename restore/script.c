#include "restore/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "restore/fetch.h"
#include "restore/rows.h"
#include "tables/literal.h"

#define STATEMENT_MAX_BYTES 1000000

/* The chunks of rows in the order they are written in. */
struct row_chunks {
	struct manifest view;      /* the manifest, with only these objects */
	bool *begins_part;
	size_t parts;
};

struct writing {
	const struct script_options *options;
	const char *folder;        /* NULL: everything to `fd` */
	int fd;
	const char *name;
	struct script *script;
	struct row_chunks chunks;
	size_t part;               /* from 1 */
	int64_t done;
};

/* ---- which chunks, in which parts ---- */

static void add_chunks_of(struct row_chunks *c, const struct script_options *o, const char *table)
{
	for (size_t i = 0; i < o->manifest->object_count; i++) {
		const struct manifest_object *object = &o->manifest->objects[i];

		if (object->kind == MANIFEST_ROWS && strcmp(object->table, table) == 0)
			c->view.objects[c->view.object_count++] = *object;
	}
}

static int64_t bytes_from(const struct row_chunks *c, size_t from)
{
	int64_t bytes = 0;

	for (size_t i = from; i < c->view.object_count; i++)
		bytes += c->view.objects[i].sql_bytes;
	return bytes;
}

/* A part begins at the chunk `at` when what is added from there on would make the
 * open one too large. */
static void add_to_parts(struct row_chunks *c, size_t at, int64_t bytes, int64_t part_bytes,
    int64_t *open)
{
	if (*open > 0 && *open + bytes > part_bytes) {
		c->begins_part[at] = true;
		c->parts++;
		*open = 0;
	}
	*open += bytes;
}

static void cut_table(struct row_chunks *c, size_t from, int64_t part_bytes, int64_t *open)
{
	for (size_t i = from; i < c->view.object_count; i++)
		add_to_parts(c, i, c->view.objects[i].sql_bytes, part_bytes, open);
}

/* Parents first; the tables of a circle stand together and are not parted. */
static void arrange_in_parts(struct row_chunks *c, const struct script_options *o)
{
	size_t n = o->manifest->table_count, *order = mem_calloc(2 * n + 1, sizeof(*order));
	size_t *group = order + n;
	const char **names = mem_calloc(n + 1, sizeof(*names));
	int64_t open = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = o->manifest->tables[i].name;
	references_order(&o->inventory->references, names, n, order, group);
	for (size_t i = 0; i < n; ) {
		size_t from = c->view.object_count, circle = group[order[i]];

		do {
			if (selection_has(o->selection, names[order[i]]))
				add_chunks_of(c, o, names[order[i]]);
			i++;
		} while (circle != 0 && i < n && group[order[i]] == circle);
		if (circle != 0 && c->view.object_count > from)
			add_to_parts(c, from, bytes_from(c, from), o->part_bytes, &open);
		else
			cut_table(c, from, o->part_bytes, &open);
	}
	free(names);
	free(order);
}

static void arrange(struct row_chunks *c, const struct script_options *o)
{
	size_t n = o->manifest->object_count;

	*c = (struct row_chunks){ .view = *o->manifest, .parts = 1 };
	c->view.objects = mem_calloc(n + 1, sizeof(*c->view.objects));
	c->view.object_count = 0;
	c->begins_part = mem_calloc(n + 1, sizeof(*c->begins_part));
	if (o->part_bytes > 0) {
		arrange_in_parts(c, o);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct manifest_object *object = &o->manifest->objects[i];

		if (object->kind == MANIFEST_ROWS && selection_has(o->selection, object->table))
			c->view.objects[c->view.object_count++] = *object;
	}
}

/* ---- writing ---- */

static int put(struct writing *w, const char *text, struct err *err)
{
	return file_write_fd(w->fd, text, strlen(text), w->name, err);
}

static int put_chunk(struct writing *w, const struct fetched *f, struct err *err)
{
	const struct buf *sql = &f->sql;

	if (w->options->for_d1 && rows_check(sql, f->object->table, f->object->rows, err) != 0)
		return err_wrap(err, "chunk %s", f->object->key);
	w->done += (int64_t)sql->len;
	if (w->options->progress != NULL)
		w->options->progress(w->options->progress_ctx, w->done);
	return file_write_fd(w->fd, sql->data, sql->len, w->name, err);
}

static int open_part(struct writing *w, struct err *err)
{
	char *path;

	w->part++;
	if (w->folder == NULL)
		return 0;
	path = mem_printf("%s/part-%zu.sql", w->folder, w->part);
	w->script->paths = mem_grow(w->script->paths, w->script->count, &w->script->cap,
	    sizeof(*w->script->paths));
	w->script->paths[w->script->count++] = path;
	w->name = path;
	w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return w->fd >= 0 ? 0 : err_sys(err, errno, "cannot create \"%s\"", path);
}

static int begin_part(struct writing *w, struct err *err)
{
	const struct script_options *o = w->options;
	AUTO_STR mark = NULL;

	if (open_part(w, err) != 0)
		return -1;
	if (o->mark != NULL) {
		mark = mem_printf("-- %s, part %zu of %zu\n", o->mark, w->part, w->chunks.parts);
		if (put(w, mark, err) != 0)
			return -1;
	}
	if (o->ignore_checks && put(w, "PRAGMA ignore_check_constraints=ON;\n", err) != 0)
		return -1;
	return w->part == 1 ? 0 : put(w, "PRAGMA defer_foreign_keys=TRUE;\n", err);
}

static int note_part(struct writing *w, struct err *err)
{
	AUTO_STR note = NULL;

	if (w->chunks.parts == 1)
		return 0;
	if (w->part == w->chunks.parts)
		return put(w, "DROP TABLE IF EXISTS \"" SCRIPT_NOTE_TABLE "\";\n", err);
	note = mem_printf("%sINSERT INTO \"" SCRIPT_NOTE_TABLE "\" VALUES(%zu);\n", w->part > 1 ? "" :
	    "DROP TABLE IF EXISTS \"" SCRIPT_NOTE_TABLE "\";\n"
	    "CREATE TABLE \"" SCRIPT_NOTE_TABLE "\"(part);\n", w->part);
	return put(w, note, err);
}

static int end_part(struct writing *w, struct err *err)
{
	int rc = note_part(w, err);

	if (rc == 0 && w->options->ignore_checks)
		rc = put(w, "PRAGMA ignore_check_constraints=OFF;\n", err);
	if (w->folder == NULL)
		return rc;
	if (close(w->fd) != 0 && rc == 0)
		rc = err_sys(err, errno, "cannot close \"%s\"", w->name);
	w->fd = -1;
	return rc;
}

/* A table that comes into a database with others: the rows of theirs stay. */
static int forget_sequence(struct writing *w, const char *table, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(STATEMENT_MAX_BYTES);

	return buf_adds(&sql, "DELETE FROM sqlite_sequence WHERE name=", err) != 0 ||
	    literal_add_text(&sql, table, strlen(table), err) != 0 ||
	    buf_adds(&sql, ";\n", err) != 0 ? -1 : put(w, buf_str(&sql), err);
}

static bool d1_refuses(const struct inventory_statement *s)
{
	return s->kind == INVENTORY_PRAGMA && strstr(s->sql, "defer_foreign_keys") == NULL;
}

static int put_statements(struct writing *w, bool post, struct err *err)
{
	const struct script_options *o = w->options;

	for (size_t i = 0; i < o->inventory->count; i++) {
		const struct inventory_statement *s = &o->inventory->items[i];

		if (s->post != post || !selection_wants(o->selection, s))
			continue;
		if (o->for_d1 && d1_refuses(s)) {
			w->script->left_out++;
			continue;
		}
		if (s->kind == INVENTORY_SEQUENCE && o->selection->count > 0 &&
		    forget_sequence(w, s->table, err) != 0)
			return -1;
		if (put(w, s->sql, err) != 0 || put(w, "\n", err) != 0)
			return -1;
	}
	return 0;
}

static int put_rows(struct writing *w, struct fetch *fetch, struct err *err)
{
	struct fetched *f;
	int rc;

	for (size_t i = 0; (rc = fetch_next_good(fetch, &f, err)) == 1; i++) {
		rc = w->chunks.begins_part[i] &&
		    (end_part(w, err) != 0 || begin_part(w, err) != 0) ? -1 : put_chunk(w, f, err);
		fetched_free(f);
		if (rc != 0)
			break;
	}
	return rc;
}

/* The first statement of a dump is PRAGMA defer_foreign_keys; of a choice of
 * tables it is not among the chosen. */
static int put_all(struct writing *w, struct fetch *fetch, struct err *err)
{
	const struct script_options *o = w->options;

	if (begin_part(w, err) != 0 || put(w, "PRAGMA defer_foreign_keys=TRUE;\n", err) != 0 ||
	    (o->drops != NULL && file_write_fd(w->fd, o->drops->data, o->drops->len, w->name, err) != 0) ||
	    put_statements(w, false, err) != 0 ||
	    put_rows(w, fetch, err) != 0 ||
	    put_statements(w, true, err) != 0 ||
	    (o->rebuilds != NULL && put(w, buf_str(o->rebuilds), err) != 0))
		return -1;
	return end_part(w, err);
}

static int write_all(struct writing *w, struct err *err)
{
	struct fetch *fetch;
	int rc;

	arrange(&w->chunks, w->options);
	fetch = fetch_new(&(struct fetch_options){
		.store = w->options->store, .manifest = &w->chunks.view,
		.workers = w->options->workers,
	});
	rc = put_all(w, fetch, err);
	fetch_free(fetch);
	w->script->parts = w->chunks.parts;
	free(w->chunks.view.objects);
	free(w->chunks.begins_part);
	return rc;
}

int script_write(const struct script_options *options, const char *folder, struct script *ret,
    struct err *err)
{
	struct writing w = { .options = options, .folder = folder, .fd = -1, .script = ret };

	*ret = (struct script){ .paths = NULL };
	if (write_all(&w, err) == 0)
		return 0;
	if (w.fd >= 0)
		(void)close(w.fd);
	script_release(ret);
	return -1;
}

void script_release(struct script *script)
{
	for (size_t i = 0; i < script->count; i++)
		free(script->paths[i]);
	free(script->paths);
	*script = (struct script){ .paths = NULL };
}

int script_write_fd(const struct script_options *options, int fd, const char *name,
    struct script *ret, struct err *err)
{
	struct script ignored;
	struct writing w = {
		.options = options, .fd = fd, .name = name, .script = ret != NULL ? ret : &ignored,
	};

	*w.script = (struct script){ .paths = NULL };
	return write_all(&w, err);
}
