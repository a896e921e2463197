// The envelope of Cloudflare's API, and S3's way to say no.

export function envelope(status, body) {
  return Response.json({ success: status < 400, errors: [], messages: [], ...body }, { status });
}

export function failure(status, code, message) {
  return envelope(status, { errors: [{ code, message }], result: status === 400 ? [] : null });
}

export const refused = (message) => failure(400, 7500, message);

export function xmlError(status, code, message) {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return new Response(xml, { status, headers: { "content-type": "application/xml" } });
}
