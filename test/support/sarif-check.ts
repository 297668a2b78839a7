/** What SARIF 2.1.0 asks of the objects that nettrace writes: their required properties, the properties that they may have, and the values of those. */
const text = { type: 'string', minLength: 1 };
const index = { type: 'integer', minimum: 0 };
const bag = {
  type: 'object',
  properties: { tags: { type: 'array', items: { type: 'string' }, uniqueItems: true } },
};

function object(required: readonly string[], properties: Readonly<Record<string, unknown>>): object {
  return {
    type: 'object',
    required,
    properties: { ...properties, properties: bag },
    additionalProperties: false,
  };
}

function list(items: unknown, more: object = {}): object {
  return { type: 'array', items, ...more };
}

const message = object(['text'], { text, markdown: text });
const region = object(['startLine'], {
  startLine: { type: 'integer', minimum: 1 },
  snippet: object(['text'], { text }),
});
const physicalLocation = object(['artifactLocation'], {
  // RFC 3986: a URI reference has no blanks, quotes, backslashes or characters beyond ASCII.
  artifactLocation: object(['uri'], {
    uri: { type: 'string', pattern: "^[A-Za-z0-9\\-._~:/?#\\[\\]@!$&'()*+,;=%]+$" },
  }),
  region,
});
const logicalLocation = object([], { name: text, fullyQualifiedName: text, kind: text });
const location = object([], {
  id: index,
  physicalLocation,
  logicalLocations: list(logicalLocation, { uniqueItems: true }),
  message,
});
const level = { enum: ['none', 'note', 'warning', 'error'] };
const rule = object(['id'], {
  id: text,
  name: text,
  shortDescription: message,
  fullDescription: message,
  help: message,
  helpUri: text,
  defaultConfiguration: object([], { level }),
});
const result = object(['message'], {
  ruleId: text,
  ruleIndex: index,
  level,
  message,
  locations: list(location),
  relatedLocations: list(location, { uniqueItems: true }),
  partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
  rank: { type: 'number', minimum: 0, maximum: 100 },
});
const notification = object(['message'], { level, message, locations: list(location) });
const run = object(['tool'], {
  tool: object(['driver'], {
    driver: object(['name'], {
      name: text,
      version: text,
      semanticVersion: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+' },
      rules: list(rule, { uniqueItems: true }),
    }),
  }),
  automationDetails: object([], { id: text }),
  invocations: list(
    object(['executionSuccessful'], {
      executionSuccessful: { type: 'boolean' },
      toolExecutionNotifications: list(notification),
    }),
  ),
  columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
  results: list(result),
});

export const SARIF = {
  type: 'object',
  required: ['version', 'runs'],
  properties: {
    $schema: { type: 'string', pattern: '^https://' },
    version: { const: '2.1.0' },
    runs: list(run),
  },
  additionalProperties: false,
};
