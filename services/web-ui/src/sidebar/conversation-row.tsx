import type { ConversationItem, ConversationPatch } from '@switchyard/protocol';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Download, Ellipsis, Pencil, Pin, PinOff, Trash2 } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import { usePage } from '../app/page-context.tsx';
import { rereadList, updateListByPatch } from '../app/list-cache.ts';
import { texts } from '../texts.ts';
import { RenameField } from './rename-field.tsx';
import { saveBlob } from './save-blob.ts';

export function ConversationRow({ item }: { item: ConversationItem }) {
  const [isRenaming, setRenaming] = useState(false);
  const { conversationId } = useParams({ strict: false });
  const { client, queries } = usePage();
  const title = item.title ?? texts.sidebar.untitled;
  const isCurrent = conversationId === item.conversation_id;

  async function change(patch: ConversationPatch): Promise<void> {
    updateListByPatch(queries, item.conversation_id, patch);
    await client.conversations.change(item.conversation_id, patch).catch(() => rereadList(queries));
  }

  if (isRenaming) {
    return (
      <li>
        <RenameField
          title={title}
          done={(next) => {
            setRenaming(false);
            if (next !== undefined) void change({ title: next });
          }}
        />
      </li>
    );
  }
  return (
    <li className="group relative">
      <Link
        to="/c/$conversationId"
        params={{ conversationId: item.conversation_id }}
        title={title}
        className="flex h-[34px] items-center gap-2 rounded-md pr-3 pl-3 text-ink-2 group-focus-within:pr-10 group-hover:bg-paper-3 group-hover:pr-10 group-hover:text-ink aria-[current=page]:bg-card aria-[current=page]:text-ink aria-[current=page]:shadow-[inset_0_0_0_1px_var(--line)]"
        activeProps={{ 'aria-current': 'page' }}
      >
        {item.state === 'in_progress' && (
          <span className="signal" data-tone="run" role="img" aria-label={texts.sidebar.running} />
        )}
        <span className="truncate">{title}</span>
      </Link>
      <RowMenu
        item={item}
        title={title}
        isCurrent={isCurrent}
        rename={() => setRenaming(true)}
        change={change}
      />
    </li>
  );
}

interface RowMenuProps {
  item: ConversationItem;
  title: string;
  isCurrent: boolean;
  rename(): void;
  change(patch: ConversationPatch): Promise<void>;
}

function RowMenu({ item, title, isCurrent, rename, change }: RowMenuProps) {
  const { client, removals } = usePage();
  const navigate = useNavigate();
  const { conversation_id: conversationId, pinned } = item;

  function remove(): void {
    removals.add({ conversationId, title });
    if (isCurrent) void navigate({ to: '/' });
  }

  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className="icon-button absolute top-0 right-0.5 size-[34px]! opacity-0 group-hover:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100 [@media(hover:none)]:opacity-100"
        aria-label={texts.sidebar.actions(title)}
      >
        <Ellipsis size={16} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.Item className="menu-item" onSelect={() => setTimeout(rename)}>
            <Pencil size={15} aria-hidden="true" /> {texts.sidebar.rename}
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => void change({ pinned: !pinned })}>
            {pinned ? <PinOff size={15} aria-hidden="true" /> : <Pin size={15} aria-hidden="true" />}
            {pinned ? texts.sidebar.unpin : texts.sidebar.pin}
          </DropdownMenu.Item>
          <DropdownMenu.Item
            className="menu-item"
            onSelect={() =>
              void client.conversations.export(conversationId, 'md').then(
                (blob) => saveBlob(blob, `${title}.md`),
                () => undefined,
              )
            }
          >
            <Download size={15} aria-hidden="true" /> {texts.sidebar.exportMarkdown}
          </DropdownMenu.Item>
          <DropdownMenu.Separator className="my-1 h-px bg-line" />
          <DropdownMenu.Item className="menu-item" data-tone="stop" onSelect={remove}>
            <Trash2 size={15} aria-hidden="true" /> {texts.sidebar.remove}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
