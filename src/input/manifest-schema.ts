/** JSON Schema of a bundle's manifest.json; `schemas/manifest.schema.json` is the same for other programs. */
export const MANIFEST_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://nettrace.invalid/schemas/manifest.schema.json',
  title: 'manifest.json of a nettrace bundle',
  description:
    'Says where the files of a bundle come from. Every key but `format` is optional; more may be added.',
  type: 'object',
  required: ['format'],
  properties: {
    format: { const: 'nettrace-bundle/1' },
    host: { type: 'string', description: 'Name of the machine.' },
    collectedAt: {
      type: 'string',
      description: 'RFC 3339 date and time.',
      pattern: '^\\d{4}-\\d{2}-\\d{2}[Tt ]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})$',
    },
    namespaces: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, description: 'Folder name below namespaces/.' },
          pid: { type: 'integer', minimum: 1, description: 'A process that lives in it.' },
          inode: { type: 'integer', minimum: 1, description: 'Inode of /proc/PID/ns/net.' },
          netnsid: { type: 'integer', minimum: 0, description: 'Its id as seen from the root namespace.' },
          container: {
            type: 'string',
            minLength: 1,
            description: 'Name of the Docker container it belongs to.',
          },
        },
      },
    },
    collector: { type: 'string', description: 'What gathered it.' },
    kernel: { type: 'string', description: 'Release of the kernel, as uname -r prints it.' },
    tools: {
      type: 'object',
      description: 'Versions of the programs that were asked.',
      additionalProperties: { type: 'string' },
    },
    missing: {
      type: 'array',
      description: 'What could not be read.',
      items: {
        type: 'object',
        required: ['what', 'reason'],
        properties: {
          namespace: { type: 'string', minLength: 1 },
          what: { type: 'string' },
          reason: { type: 'string' },
        },
      },
    },
    redacted: { type: 'string', description: 'What was replaced by stand-ins.' },
    files: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path'],
        properties: {
          path: { type: 'string', minLength: 1, description: 'Relative to the manifest.' },
          namespace: { type: 'string', minLength: 1 },
          interface: { type: 'string', minLength: 1 },
          command: { type: 'string', description: 'The command that printed or recorded it.' },
          collectedAt: {
            type: 'string',
            description: 'RFC 3339: when it was taken, if not with the others.',
          },
          packets: { type: 'integer', minimum: 0, description: 'Of a capture.' },
          dropped: {
            type: 'integer',
            minimum: 0,
            description: 'Packets that a capture had no room for.',
          },
        },
      },
    },
  },
} as const;
