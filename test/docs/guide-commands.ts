import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How the text of the monitoring guide became what runs here. */
const guideMap = join(import.meta.dirname, '../../docs/guide-map.md');

/** The sections with commands: the checklist, and troubleshooting. */
const sections = [9, 10];

/**
 * What has to run for a command, by the word behind `bash` where its block begins: nothing for the demo as well as
 * `docker compose up`, `docker` for the latter alone, `demo` for the former alone.
 */
export type RunsWith = 'either' | 'docker' | 'demo';

/** A command of the guide map, and what a reader is told to expect of it. */
export interface GuideCommand {
  readonly section: number;
  /** Number of its first line in the document. */
  readonly line: number;
  /** What it is for: the comment above it, or above the first of several. */
  readonly purpose: string;
  /** What bash is given: the lines that stand together, several where one leads to the next. */
  readonly script: string;
  /** What it prints, among the rest: the texts behind `# ->`. At least one. */
  readonly prints: readonly string[];
  readonly runsWith: RunsWith;
}

/**
 * Reads every command of the checklist and of troubleshooting from docs/guide-map.md.
 *
 * @throws Error as `extractCommands`.
 */
export async function readGuideCommands(): Promise<GuideCommand[]> {
  return extractCommands(await readFile(guideMap, 'utf8'), sections);
}

/** The words that begin a block, and what they mean. */
const blockKinds: Readonly<Record<string, RunsWith>> = { bash: 'either', 'bash docker': 'docker', 'bash demo': 'demo' };

/**
 * Extracts the commands in the blocks of some sections, in their order.
 *
 * @throws Error that names the line, for whatever could otherwise go unrun without being noticed: a block of another kind,
 * one without an end or a command, a command that does not say what it is for or what it prints, a section without commands.
 */
export function extractCommands(markdown: string, wanted: readonly number[]): GuideCommand[] {
  const commands = readBlocks(markdown)
    .filter(({ section }) => wanted.includes(section))
    .flatMap(readCommands);
  for (const section of wanted) {
    if (!commands.some((command) => command.section === section)) throw new Error(`section ${section} has no command`);
  }
  return commands;
}

interface Block {
  readonly section: number;
  /** Number of the line that begins it. */
  readonly line: number;
  readonly kind: string;
  readonly lines: readonly string[];
}

/** Every fenced block of the document, with the section that it stands in. */
function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let section = 0;
  let open: { line: number; kind: string; fence: string; lines: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const [, fence, kind = ''] = /^\s*(```+|~~~+)(.*)$/.exec(text) ?? [];
    if (open !== undefined) {
      if (fence === open.fence && kind.trim() === '') {
        blocks.push({ section, ...open });
        open = undefined;
      } else {
        open.lines.push(text);
      }
    } else if (fence !== undefined) {
      open = { line: index + 1, kind: kind.trim(), fence, lines: [] };
    } else {
      section = Number(/^## Section (\d+)/.exec(text)?.[1] ?? (text.startsWith('## ') ? 0 : section));
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block does not end`);
  return blocks;
}

/** The commands of one block: comments that say what for, lines that stand together, comments with what they print. */
function readCommands({ section, line: start, kind, lines }: Block): GuideCommand[] {
  const runsWith = blockKinds[kind];
  if (runsWith === undefined) {
    throw new Error(
      `line ${start}: a block of "${kind}" is not run; it begins with ${Object.keys(blockKinds).join(', ')}`,
    );
  }
  const commands: { line: number; purpose: string; script: string[]; prints: string[] }[] = [];
  let purpose = '';
  let before: 'purpose' | 'script' | undefined;
  for (const [index, text] of lines.entries()) {
    const line = start + 1 + index;
    const [, printed] = /^# -> (.+)$/.exec(text) ?? [];
    const command = commands.at(-1);
    if (printed !== undefined) {
      if (command === undefined) throw new Error(`line ${line}: no command prints this`);
      command.prints.push(printed);
      before = undefined;
    } else if (text.startsWith('#')) {
      const words = text.replace(/^#\s*/, '');
      purpose = before === 'purpose' ? `${purpose} ${words}` : words;
      before = 'purpose';
    } else if (text.trim() === '') {
      before = undefined;
    } else if (before === 'script') {
      command?.script.push(text);
    } else {
      if (purpose === '') throw new Error(`line ${line}: say what it is for, with a comment above it`);
      commands.push({ line, purpose, script: [text], prints: [] });
      before = 'script';
    }
  }
  if (commands.length === 0) throw new Error(`line ${start}: the block has no command`);
  const silent = commands.find(({ prints }) => prints.length === 0);
  if (silent !== undefined) throw new Error(`line ${silent.line}: say what it prints, with "# -> " below it`);
  return commands.map(({ script, ...command }) => ({ section, ...command, script: script.join('\n'), runsWith }));
}
