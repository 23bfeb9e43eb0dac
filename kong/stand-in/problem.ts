import { firstValue, type HeaderList, valuesOf } from './headers.ts';

/** An error response of the gateway itself. */
export interface Refusal {
  status: number;
  message: string;
  /** From Kong's nginx and not from Kong: without `Accept`, the media type then depends on the request's `Content-Type`. */
  fromNginx?: boolean;
  /** Additional response headers: name, value, name, value. */
  headers?: string[];
}

/** Kong's messages for errors of its nginx. */
export const nginxRefusals = {
  badRequest: { status: 400, message: 'Bad request', fromNginx: true },
  headerTooLarge: { status: 400, message: 'Request header or cookie too large', fromNginx: true },
  methodNotAllowed: { status: 405, message: 'Method not allowed', fromNginx: true },
  payloadTooLarge: { status: 413, message: 'Payload too large', fromNginx: true },
  uriTooLong: { status: 414, message: 'URI too long', fromNginx: true },
  badGateway: { status: 502, message: 'An invalid response was received from the upstream server', fromNginx: true },
  gatewayTimeout: { status: 504, message: 'The upstream server is timing out', fromNginx: true },
} as const satisfies Record<string, Refusal>;

type Format = 'json' | 'html' | 'xml' | 'plain' | 'grpc';
type Template = (message: string, requestId: string) => string;

const contentTypes: Record<Format, string> = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  plain: 'text/plain; charset=utf-8',
  grpc: '', // no content type, and no body
};

// Kong's own templates; only the JSON template is ours.
const HTML = `<!doctype html>
<html>
  <head>
    <meta charset="utf-8">
    <title>Error</title>
  </head>
  <body>
    <h1>Error</h1>
    <p>%s.</p>
    <p>request_id: %s</p>
  </body>
</html>
`;
const XML = `<?xml version="1.0" encoding="UTF-8"?>
<error>
  <message>%s</message>
  <requestid>%s</requestid>
</error>
`;

/**
 * Inserts the address of the documentation into the template, as `kong` in both Compose files does. Without PUBLIC_URL, `type`
 * keeps the reserved domain.
 */
export function publishedAt(publicUrl: string | undefined, template: string): string {
  return publicUrl === undefined ? template : template.replace('https://orders.example/', () => `${publicUrl}/docs/`);
}

export type ProblemRenderer = ReturnType<typeof createProblemRenderer>;

/** Renders errors with Kong's JSON error template; throws if Kong could not use the template. */
export function createProblemRenderer(jsonTemplate: string) {
  const templates: Record<Format, Template> = {
    json: compileTemplate(jsonTemplate),
    html: compileTemplate(HTML),
    xml: compileTemplate(XML),
    plain: compileTemplate('%s\nrequest_id: %s\n'),
    grpc: compileTemplate(''),
  };
  return (refusal: Refusal, requestId: string, request: HeaderList): { contentType: string; body: string } => {
    const format = chooseFormat(acceptOf(refusal, request));
    return { contentType: contentTypes[format], body: templates[format](refusal.message, requestId) };
  };
}

/** Lua's `string.format` with the message and the request's id: `%s`, `%.0s` (skips one) and `%%`. */
export function compileTemplate(template: string): Template {
  const parts = template.split(/(%\.0s|%s|%%)/);
  const placeholders = parts.filter((part) => part === '%s' || part === '%.0s').length;
  if (placeholders > 2) throw new Error('the error template has more than two placeholders');
  if (parts.some((part) => part.includes('%') && !/^(%\.0s|%s|%%)$/.test(part))) {
    throw new Error('the error template has a lone %; write %%');
  }
  return (message, requestId) => {
    const values = [message, requestId];
    return parts
      .map((part) => {
        if (part === '%s') return values.shift();
        if (part === '%.0s') values.shift();
        return part === '%%' ? '%' : part === '%.0s' ? '' : part;
      })
      .join('');
  };
}

function acceptOf(refusal: Refusal, request: HeaderList): string | undefined {
  const accept = valuesOf(request, 'accept');
  if (accept.length > 0) return accept.join(',');
  // Otherwise Kong uses `error_default_type`, which is application/json.
  return refusal.fromNginx ? firstValue(request, 'content-type') : undefined;
}

const MEDIA_TYPE = /^((?:[a-z0-9][a-z0-9\-!#$&^_+.]+|\*)\/(?:[a-z0-9][a-z0-9\-!#$&^_+.]+|\*))(.*)$/i;

/** The format with the highest quality value, the first of equals; JSON for media types that Kong does not support. */
export function chooseFormat(accept: string | undefined): Format {
  let format: Format = 'json';
  let best = 0;
  for (const member of accept?.split(',') ?? []) {
    const match = MEDIA_TYPE.exec(member.trim());
    if (!match) continue;
    const quality = Number(/;\s*q=(1(?:\.0{0,3})?|0(?:\.\d{0,3})?)/i.exec(match[2] ?? '')?.[1] ?? 1);
    if (quality <= best) continue;
    best = quality;
    format = formatOf(match[1] as string);
  }
  return format;
}

function formatOf(mediaType: string): Format {
  if (mediaType === 'text/html') return 'html';
  if (mediaType === 'application/grpc') return 'grpc';
  if (mediaType === 'application/xml') return 'xml';
  return mediaType === 'text/plain' || mediaType === 'text/*' ? 'plain' : 'json';
}
