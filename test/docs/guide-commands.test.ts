import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { extractCommands, readGuideCommands } from './guide-commands.ts';

const fence = '```';

/** Sections 9 and 10 of the monitoring guide: the boxes of its checklist, and what its commands are for. */
const guideItems = [
  'Prometheus installed and scraping metrics',
  'Grafana connected to Prometheus',
  'OTEL Collector deployed',
  'Jaeger configured for traces',
  'Log aggregation pipeline working',
  'metald operations dashboard',
  'billaged billing dashboard',
  'System resources dashboard',
  'Business metrics dashboard',
  'Critical alerts configured',
  'Warning alerts configured',
  'Alertmanager routing tested',
  'On-call rotation configured',
  'Metrics flowing correctly',
  'Traces visible in Jaeger',
  'Logs searchable',
  'Alerts firing correctly',
  'SLOs tracking properly',
  'Check endpoints are accessible',
  'Verify Prometheus targets',
  'Check Prometheus logs',
  'Verify OTEL is enabled',
  'Check OTEL Collector',
  'Test OTEL connectivity',
  'Check rule evaluation',
  'Test alert expression',
  'Verify Alertmanager',
];

describe('extracting', () => {
  test('a command is a block of lines with its purpose, its output and its runner', () => {
    const markdown = `## Section 8, Before
${fence}yaml
not: wanted
${fence}
## Section 9, Checklist
${fence}bash
# What it is for,
# in two lines
curl localhost:1 \\
  -d 'a'
# -> "a":1
# -> # TYPE b

first
second
# -> c
${fence}
### A part of it
${fence}bash docker

# Docker
docker compose ps
# -> up
${fence}
${fence}bash demo
# Files
ls
# -> log
${fence}
## What follows
${fence}sh
not wanted
${fence}`;
    const purpose = 'What it is for, in two lines';
    expect(extractCommands(markdown, [9])).toEqual([
      {
        section: 9,
        line: 9,
        purpose,
        script: "curl localhost:1 \\\n  -d 'a'",
        prints: ['"a":1', '# TYPE b'],
        runsWith: 'either',
      },
      { section: 9, line: 14, purpose, script: 'first\nsecond', prints: ['c'], runsWith: 'either' },
      { section: 9, line: 22, purpose: 'Docker', script: 'docker compose ps', prints: ['up'], runsWith: 'docker' },
      { section: 9, line: 27, purpose: 'Files', script: 'ls', prints: ['log'], runsWith: 'demo' },
    ]);
  });

  test.each([
    ['a block of another kind', `${fence}sh\n# a\nls\n# -> a\n${fence}`, 'line 2: a block of "sh" is not run'],
    ['a block without a kind', `${fence}\n# a\nls\n# -> a\n${fence}`, 'line 2: a block of "" is not run'],
    [
      'a block with an unknown mark',
      `${fence}bash later\n# a\nls\n# -> a\n${fence}`,
      'block of "bash later" is not run',
    ],
    ['a block by other fences', '~~~\n# a\nls\n# -> a\n~~~', 'a block of "" is not run'],
    ['a block in a list', `- an item\n  ${fence}sh\n  ls\n  ${fence}`, 'line 3: a block of "sh" is not run'],
    ['a block without an end', `${fence}bash\n# a\nls\n# -> a\n`, 'line 2: the block does not end'],
    ['a block without a command', `${fence}bash\n# ls\n${fence}`, 'line 2: the block has no command'],
    ['a command without a purpose', `${fence}bash\nls\n# -> a\n${fence}`, 'line 3: say what it is for'],
    ['a command that says nothing', `${fence}bash\n# a\nls\n\nps\n# -> a\n${fence}`, 'line 4: say what it prints'],
    ['what no command prints', `${fence}bash\n# -> a\nls\n${fence}`, 'line 3: no command prints this'],
    ['a section without commands', 'words', 'section 9 has no command'],
  ])('%s is refused', (_what, text, message) => {
    expect(() => extractCommands(`## Section 9\n${text}`, [9])).toThrow(message);
  });
});

const commands = await readGuideCommands();

test.each(guideItems)('there is a command for: %s', (item) => {
  expect(commands.map(({ purpose }) => purpose)).toContainEqual(expect.stringMatching(new RegExp(`^${item}(:|$)`)));
});

describe.each(commands)('line $line of the guide map, $purpose', ({ script, runsWith }) => {
  test('is bash', () => {
    const { stderr, status } = spawnSync('bash', ['-n', '-c', script], { encoding: 'utf8' });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  test('names ports of this machine as localhost, so that a test can move them', () => {
    expect(script).not.toMatch(/\b127\.0\.0\.1\b|\[::1\]/);
  });

  test('shows what goes wrong with a request', () => {
    const curls = script.match(/\bcurl .{4}/g) ?? [];
    expect(curls.filter((start) => start !== 'curl -fsS')).toEqual([]);
  });

  test('reads its pipes to the end, for who writes into a closed one may fail or not', () => {
    expect(script).not.toMatch(/\|\s*(?:head|grep -[a-z]*[qm])\b/i);
  });

  test('says that it needs Docker', () => {
    const grafana = 'localhost:3000';
    expect(runsWith === 'docker').toBe(/\bdocker\b/.test(script) || script.includes(grafana));
  });
});
