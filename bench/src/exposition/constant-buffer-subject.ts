import { metrics, type SubjectMaker } from './fleet.ts';

/** Sends a page that never changes: no work but the sending, so nothing can be faster. */
export const makeConstantBufferSubject: SubjectMaker = (fleet) => {
  const slot = '0.0000000000000000';
  const lines = (name: string, fixed: string) =>
    fleet.ids.map((vm_id) => `${name}{vm_id="${vm_id}"${fixed}} ${slot}\n`).join('');
  const page = Buffer.concat(
    [
      `# HELP ${metrics.cpu.name} ${metrics.cpu.help}\n# TYPE ${metrics.cpu.name} gauge\n`,
      lines(metrics.cpu.name, ''),
      `# HELP ${metrics.memory.name} ${metrics.memory.help}\n# TYPE ${metrics.memory.name} gauge\n`,
      lines(metrics.memory.name, ''),
      `# HELP ${metrics.io.name} ${metrics.io.help}\n# TYPE ${metrics.io.name} counter\n`,
      lines(metrics.io.name, ',op="read"'),
      lines(metrics.io.name, ',op="write"'),
    ].map((text) => Buffer.from(text)),
  );
  return {
    serve(_request, response) {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', 'content-length': page.length });
      response.end(page);
    },
    update: () => {},
  };
};
