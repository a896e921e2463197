/*
 * What answers each route of control/routes.c; documented in docs/control.md.
 */
#ifndef D1KEEP_CONTROL_HANDLERS_H
#define D1KEEP_CONTROL_HANDLERS_H

struct request;

void page_overview(struct request *request);    /* page_overview.c */
void page_database(struct request *request);    /* page_database.c */
void api_create(struct request *request);       /* api_create.c */
void api_runs(struct request *request);         /* api_runs.c */
void api_run(struct request *request);
void api_list(struct request *request);         /* api_list.c */
void api_download(struct request *request);     /* api_download.c */
void health_alive(struct request *request);     /* health.c */
void health_ready(struct request *request);
void metrics_answer(struct request *request);   /* metrics.c */

#endif
